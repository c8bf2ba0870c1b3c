/** Needs Node: the packages of the service, optional peers. */
import { fail } from "../errors.ts";

/** Loads what the service stands on. */
export async function loadPackages() {
  try {
    const [fastify, swagger, swaggerUi, prometheus] = await Promise.all([
      import("fastify"),
      import("@fastify/swagger"),
      import("@fastify/swagger-ui"),
      import("prom-client"),
    ]);
    return { fastify: fastify.default, swagger: swagger.default, swaggerUi: swaggerUi.default, prometheus };
  } catch (cause) {
    return fail(
      "the service needs packages that are not installed: npm install fastify @fastify/swagger @fastify/swagger-ui prom-client",
      cause,
    );
  }
}

export type Packages = Awaited<ReturnType<typeof loadPackages>>;
