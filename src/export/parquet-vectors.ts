import type { SchemaElement } from "hyparquet-writer";
import { fail } from "../errors.ts";
import { openWholeFile } from "../storage/whole-file.ts";
import type { VectorFile, VectorRow, VectorTable } from "./vector-table.ts";

/** Numbers in a row group at most, so that memory does not grow with the file. */
const numbersInGroup = 1 << 20;

/**
 * Columns `item` and `vector`, a list of floats; or `user`, `interests`, how many there are, and `vectors`, a list of lists. Nothing is
 * compressed: embeddings do not get smaller.
 */
export async function openParquetVectors(path: string, table: VectorTable): Promise<VectorFile> {
  const { ByteWriter, ParquetWriter } = await loadWriter();
  const { owner, dimension, most } = table;
  const file = await openWholeFile(path);
  const bytes = new ByteWriter();
  const flush = async () => {
    const chunk = new Uint8Array(bytes.buffer, 0, bytes.index);
    await file.write(chunk);
    bytes.index = 0;
  };
  const writer = Object.assign(bytes, { flush, finish: flush });
  const parquet = new ParquetWriter({ writer, schema: schemaOf(table), codec: "UNCOMPRESSED", createdBy: "polymind" });
  const groupRows = Math.max(1, Math.floor(numbersInGroup / ((most ?? 1) * dimension)));
  let waiting: VectorRow[] = [];

  async function writeGroup() {
    const vectors = waiting.map((row) =>
      most === undefined ? Array.from(row.vectors) : parts(row.vectors, dimension),
    );
    const counts = { name: "interests", data: Int32Array.from(vectors, ({ length }) => length) };
    const columnData = [
      { name: owner, data: waiting.map(({ id }) => id) },
      ...(most === undefined ? [] : [counts]),
      { name: most === undefined ? "vector" : "vectors", data: vectors, encoding: "PLAIN" as const, statistics: false },
    ];
    await parquet.write({ columnData, rowGroupSize: waiting.length });
    waiting = [];
  }

  return {
    async add(rows) {
      for (const row of rows) {
        waiting.push(row);
        if (waiting.length === groupRows) await writeGroup();
      }
    },
    async finish() {
      if (waiting.length > 0) await writeGroup();
      await parquet.finish();
      await file.finish();
    },
    abandon: file.abandon,
  };
}

const parts = (vectors: Float32Array, dimension: number): number[][] =>
  Array.from({ length: vectors.length / dimension }, (_, j) =>
    Array.from(vectors.subarray(j * dimension, (j + 1) * dimension)),
  );

function schemaOf({ owner, most }: VectorTable): SchemaElement[] {
  const repetition_type = "REQUIRED" as const;
  const list = (name: string, element: readonly SchemaElement[]): SchemaElement[] => [
    { name, repetition_type, num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    ...element,
  ];
  const number: SchemaElement = { name: "element", type: "FLOAT", repetition_type };
  const columns: SchemaElement[][] = [
    [{ name: owner, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type }],
    ...(most === undefined
      ? [list("vector", [number])]
      : [[{ name: "interests", type: "INT32" as const, repetition_type }], list("vectors", list("element", [number]))]),
  ];
  return [{ name: "root", num_children: columns.length }, ...columns.flat()];
}

async function loadWriter(): Promise<typeof import("hyparquet-writer")> {
  try {
    return await import("hyparquet-writer");
  } catch (cause) {
    return fail("writing .parquet needs hyparquet-writer, which is not installed: npm install hyparquet-writer", cause);
  }
}
