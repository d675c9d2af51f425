/** The generated messages and service definitions of the contract, for programs that want to go without the client. */

export * from "./gen/croco/execution/v1/error_reason.js";
export * from "./gen/croco/execution/v1/execution.js";
export * from "./gen/croco/execution/v1/execution_service.js";
export * from "./gen/croco/execution/v1/worker_service.js";
