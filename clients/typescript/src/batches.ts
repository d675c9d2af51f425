/** The verbs that do in one call what others do for one execution. */

import type { CallOptions } from "./calls.js";
import { fromExecution } from "./from-wire.js";
import {
  type BatchCreateOutcome,
  type BatchGetOutcome,
  ExecutionServiceService as service,
} from "./gen/croco/execution/v1/execution_service.js";
import type { CreatedExecution, Execution, View } from "./model.js";
import { type NewExecution, Owner, toCreateRequest } from "./owner.js";
import { ExecutionProblem } from "./problems.js";
import { problemOfRefusal } from "./rpc-errors.js";
import { toList, toView } from "./to-wire.js";

/** An execution to create among others, with the arguments of `create`. */
export interface BatchEntry extends NewExecution {
  readonly type: string;
  readonly payload?: unknown;
}

/** What the calls about many executions may be told. */
export interface BatchOptions extends CallOptions {
  /** Left out, `basic`. */
  readonly view?: View;
}

/** The verbs that do in one call what others do for one execution. They answer the basic view by default. */
export class Batches extends Owner {
  /**
   * Create up to 500 executions, many times cheaper than by as many calls.
   *
   * Each is created, found or refused by itself, as `create` does it: in its place stands what `create` would have answered
   * or thrown. Where the answer has no room for all, the rest is fetched by `get`.
   *
   * @param entries what to create, together up to 4 MiB
   * @throws InvalidField if there are none, or too many
   * @throws Unavailable if there is an answer for none of them
   */
  async batchCreate(
    entries: readonly BatchEntry[],
    options: BatchOptions = {},
  ): Promise<(CreatedExecution | ExecutionProblem)[]> {
    const requests = entries.map(({ type, payload, ...rest }, at) =>
      toCreateRequest(type, payload, rest, `requests[${at}].`),
    );
    const response = await this.call(service.batchCreateExecutions, { requests, view: toView(options.view) }, options);
    const answers: (CreatedExecution | ExecutionProblem)[] = [];
    for (const outcome of response.outcomes) {
      const found = await this.#found(outcome, options);
      answers.push(found instanceof ExecutionProblem ? found : { ...found, created: outcome.created });
    }
    return answers;
  }

  /**
   * Answer up to 500 executions, each as last committed, in the order of `ids`.
   *
   * In the place of one that is not there stands an ExecutionNotFound. Where the answer has no room for all, the rest is
   * fetched by `get`.
   *
   * @throws InvalidField if there are no ids, or too many
   * @throws Unavailable if there is an answer for none of them
   */
  async batchGet(ids: readonly string[], options: BatchOptions = {}): Promise<(Execution | ExecutionProblem)[]> {
    const request = { ids: toList(ids, "ids"), view: toView(options.view) };
    const response = await this.call(service.batchGetExecutions, request, options);
    const answers: (Execution | ExecutionProblem)[] = [];
    for (const outcome of response.outcomes) answers.push(await this.#found(outcome, options));
    return answers;
  }

  /** Answer the execution of an outcome with all that the view has, or what it was refused for. */
  async #found(
    { execution, refusal, cut }: BatchCreateOutcome | BatchGetOutcome,
    options: BatchOptions,
  ): Promise<Execution | ExecutionProblem> {
    if (refusal !== undefined) return problemOfRefusal(refusal);
    if (!cut) return fromExecution(execution);
    try {
      return await this.get(execution?.id ?? "", { ...options, view: options.view ?? "basic" });
    } catch (problem) {
      if (problem instanceof ExecutionProblem) return problem; // It may have been deleted meanwhile.
      throw problem;
    }
  }
}
