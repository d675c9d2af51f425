import { Leases } from "./leases.js";

/**
 * Speaks to the execution service.
 *
 * Every verb may throw an `ExecutionProblem`; its comment names those that a program may want to tell apart. Besides,
 * TypeError and RangeError mean that an argument cannot be sent. One client is enough for a process.
 *
 * Its verbs are a class per kind of caller, each on top of the one before: Calls, Queries, Watches, Owner, Batches,
 * Attempts, Leases.
 */
export class ExecutionClient extends Leases {}
