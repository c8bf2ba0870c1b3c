/** `polymind/service`: what needs fastify, its types too. */
export type { Answer, DeviceState, Question } from "./answerer.ts";
export { type Batcher, type BatcherOptions, createBatcher } from "./batcher.ts";
export {
  createModelHolder,
  type LoadedModel,
  type ModelHolder,
  type ModelHolderOptions,
  type ServedModel,
} from "./model-holder.ts";
export type { ServerOptions } from "./server.ts";
export { createService, type Service, type ServiceOptions } from "./service.ts";
