/** What a call about many executions answers of each: the execution, or the problem why there is none. */

import type { CallOptions } from "./calls.js";
import { fromExecution } from "./from-wire.js";
import type { BatchCreateOutcome, BatchGetOutcome } from "./gen/croco/execution/v1/execution_service.js";
import type { Execution, View } from "./model.js";
import type { ExecutionProblem } from "./problems.js";
import { problemOfRefusal } from "./rpc-errors.js";

/** What the calls about many executions may be told. */
export interface BatchOptions extends CallOptions {
  /** Left out, `basic`. */
  readonly view?: View;
}

/** What was found for one id. */
export type FoundExecution =
  | {
      readonly execution: Execution;
      /** Whether the execution is cut to what fits into the answer: `get` has all of it. */
      readonly cut: boolean;
      readonly problem?: undefined;
    }
  | Refused;

/** What became of one entry of `batchCreate`. */
export type CreateOutcome =
  | {
      readonly execution: Execution;
      /** Whether this entry, or the one it repeats, created the execution. */
      readonly created: boolean;
      /** Whether the execution is cut to what fits into the answer: `get` has all of it. */
      readonly cut: boolean;
      readonly problem?: undefined;
    }
  | Refused;

interface Refused {
  readonly problem: ExecutionProblem;
  readonly execution?: undefined;
}

/** Convert what was found for an id. */
export function fromFound({ execution, refusal, cut }: BatchGetOutcome): FoundExecution {
  return refusal ? { problem: problemOfRefusal(refusal) } : { execution: fromExecution(execution), cut };
}

/** Convert what became of an entry. */
export function fromOutcome({ execution, refusal, created, cut }: BatchCreateOutcome): CreateOutcome {
  return refusal ? { problem: problemOfRefusal(refusal) } : { execution: fromExecution(execution), created, cut };
}
