/** One attempt, from its assignment to the acknowledgement of its end. */

import { fromExecution } from "../from-wire.js";
import type { Execution as Assignment } from "../gen/croco/execution/v1/execution.js";
import { checkJson, checkValues } from "../json.js";
import { type ExecutionProblem, InvalidField, TooManyCheckpoints } from "../problems.js";
import { toProgress } from "../to-wire.js";
import { errorOf, isCancellation, JobCancelled, type StopReason, TaskFailure } from "./failures.js";
import { Job } from "./job.js";
import type { Log } from "./log.js";
import type { Outbox, ReportContent } from "./outbox.js";
import { ConflatedProgress } from "./progress.js";
import { causeOf, isOver } from "./refusals.js";

/** What does an execution: what it answers is the result (undefined: none). It may declare which payload it expects. */
export type Task = (job: Job<any>) => unknown;

/** Whom an attempt tells how far it is. */
export interface Owner {
  /** Its task runs no more. */
  stopped(attempt: Attempt): void;
  /** It is the worker's no more: its end is settled, or it was lost. */
  over(attempt: Attempt): void;
  /** It is over and the server takes no word of it: its lease has to run out. */
  unsettled(attempt: Attempt): void;
}

/** What attempts are given by their worker. */
export interface AttemptContext {
  readonly outbox: Outbox;
  /** The least time between two reports of progress. */
  readonly progressIntervalMs: number;
  readonly log: Log;
  readonly owner: Owner;
}

type End = Pick<ReportContent, "complete" | "fail" | "release" | "progress">;

/** Runs a task for an assignment and reports of it. */
export class Attempt {
  readonly id: string;
  readonly number: number;
  readonly progress: ConflatedProgress;
  readonly #context: AttemptContext;
  readonly #cancellation = new AbortController();
  readonly #saving = new Set<(problem: Error) => void>();
  #running = true;
  #muted = false;

  constructor(assignment: Assignment, task: Task, context: AttemptContext) {
    this.id = assignment.id;
    this.number = assignment.attempts;
    this.#context = context;
    this.progress = new ConflatedProgress(context.progressIntervalMs, (progress, answered) => {
      if (this.#muted) return;
      this.#report({ progress: toProgress(progress) }, (problem) => {
        this.#kept(problem);
        answered(problem);
      });
    });
    void this.#run(task, new Job(fromExecution(assignment), this, this.#cancellation.signal));
  }

  /** Whether nothing more is written of it: its end was reported, or it was lost. */
  get muted(): boolean {
    return this.#muted;
  }

  toString(): string {
    return `${this.id}, attempt ${this.number}`;
  }

  /** Have the task stop. When it has, the execution is given back, which cancels it if that was requested. */
  askToStop(message: string, why: StopReason): void {
    if (this.#running) this.#cancellation.abort(new JobCancelled(message, why));
  }

  /** The attempt is over without the worker's doing: stop the task and write nothing more. */
  lose(cause: string): void {
    if (this.#muted) return;
    this.#context.log("warn", `${this}: the lease is lost: ${cause}`);
    this.drop(`The lease is lost: ${cause}.`, "lease_lost");
  }

  /** Stop the task and write nothing more. */
  drop(message: string, why: StopReason): void {
    this.#muted = true;
    this.progress.take();
    this.askToStop(message, why);
    for (const refuse of this.#saving) refuse(new JobCancelled(message, why));
    this.#context.owner.over(this);
  }

  /** Give the execution back, although its task has not stopped. */
  giveBack(): void {
    if (this.#muted) return;
    this.#context.log("warn", `${this}: given back while its task still runs`);
    this.#end({ release: { delay: undefined } });
  }

  /** Report that it goes on, to see whether the report is answered. */
  keep(): void {
    this.#context.outbox.add(this.#content({}), (problem) => this.#kept(problem), { repeat: false });
  }

  /** Save a checkpoint; fulfilled when it is durable. Throws what Job.checkpoint says. */
  async save(key: string, value: unknown): Promise<void> {
    const checkpoints = checkValues({ [key]: value }, "checkpoints");
    if (this.#muted) throw this.#cancellation.signal.reason ?? new JobCancelled("The attempt is over.", "lease_lost");
    let refuse!: (problem: Error) => void;
    const saved = new Promise<void>((resolve, reject) => {
      refuse = reject;
      this.#report({ checkpoints }, (problem) => {
        if (problem === undefined) resolve();
        else if (isOver(problem)) {
          this.lose(causeOf(problem)); // which refuses this one too, unless the end was reported before
          reject(new JobCancelled(`The lease is lost: ${causeOf(problem)}.`, "lease_lost"));
        } else reject(problem);
      });
    });
    this.#saving.add(refuse);
    try {
      await saved;
    } finally {
      this.#saving.delete(refuse);
    }
  }

  async #run(task: Task, job: Job): Promise<void> {
    let end: () => End;
    try {
      await undefined; // Whoever made the attempt has to know it before its task can end.
      const result = await task(job);
      end = () => this.#success(result);
    } catch (error) {
      end = () => this.#failure(error);
    }
    this.#running = false;
    if (!this.#muted) this.#end(this.#made(end));
    this.#context.owner.stopped(this);
  }

  /** Answer an end, a failure where it cannot be made: what a task has thrown, or its worker's log, may throw itself. */
  #made(end: () => End): End {
    try {
      return end();
    } catch (error) {
      return { fail: errorOf(error) };
    }
  }

  #success(result: unknown): End {
    if (result === undefined) return { complete: { result: undefined } };
    try {
      return { complete: { result: checkJson(result, "result") } };
    } catch (error) {
      this.#context.log("warn", `${this}: the result cannot be sent`, error);
      return { fail: errorOf(error, false) };
    }
  }

  #failure(error: unknown): End {
    const { aborted } = this.#cancellation.signal;
    if (aborted && isCancellation(error)) return { release: { delay: undefined } };
    this.#context.log(error instanceof TaskFailure ? "info" : "warn", `${this}: failed`, error);
    return { fail: errorOf(error) };
  }

  /** Report how the attempt ended; a result that is not taken ends it as a failure. */
  #end(end: End): void {
    this.#muted = true;
    const told: End = { ...end, progress: toProgress(this.progress.take()) ?? end.progress };
    try {
      this.#report(told, (problem) => this.#endAnswered(told, problem));
    } catch (error) {
      if (end.release !== undefined) throw error;
      this.#context.log("warn", `${this}: the end cannot be sent`, error);
      this.#end({ fail: errorOf(error, false), progress: told.progress }); // It is too large, or was changed meanwhile.
    }
  }

  #endAnswered(end: End, problem: ExecutionProblem | undefined): void {
    if (problem !== undefined) this.#context.log("warn", `${this}: its end was refused`, problem);
    if (problem === undefined || isOver(problem)) this.#context.owner.over(this);
    else if (end.complete === undefined) this.#context.owner.unsettled(this);
    else {
      const inVain = problem instanceof InvalidField || problem instanceof TooManyCheckpoints;
      this.#end({ fail: errorOf(problem, !inVain), progress: end.progress });
    }
  }

  /** A report that does not end the attempt was answered. */
  #kept(problem: ExecutionProblem | undefined): void {
    if (problem === undefined) return;
    if (isOver(problem)) this.lose(causeOf(problem));
    else this.#context.log("warn", `${this}: a report was refused`, problem);
  }

  #report(content: Partial<ReportContent>, answered: (problem?: ExecutionProblem) => void): void {
    this.#context.outbox.add(this.#content(content), answered);
  }

  #content(content: Partial<ReportContent>): ReportContent {
    return { ...content, id: this.id, attempt: this.number };
  }
}
