/** What numpy.save writes: version 1, the header padded with spaces to a multiple of 64 bytes. */
export function encodeNpy(type: string, shape: readonly number[], data: ArrayBufferView, order = "False"): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, " ");
  header.set([0x93, ...Buffer.from("NUMPY"), 1, 0]);
  header.writeUInt16LE(length, 8);
  header.write(dictionary, 10);
  header.write("\n", header.length - 1);
  return Buffer.concat([header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
