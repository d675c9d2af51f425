package dev.croco.execution.driver;

import static dev.croco.execution.driver.Answers.execution;
import static dev.croco.execution.driver.Answers.object;

import dev.croco.execution.client.AttemptOptions;
import dev.croco.execution.client.ChangeOptions;
import dev.croco.execution.client.ClaimOptions;
import dev.croco.execution.client.Count;
import dev.croco.execution.client.ExecutionClient;
import dev.croco.execution.client.ExecutionStatus;
import dev.croco.execution.client.Filter;
import dev.croco.execution.client.ListOptions;
import dev.croco.execution.client.Outcome;
import dev.croco.execution.client.Page;
import dev.croco.execution.client.Report;
import dev.croco.execution.client.Update;
import dev.croco.execution.client.View;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The verbs of the client, each with its arguments and its answer as tests/clients/scenario.md writes them. */
final class Verbs {
  private final ExecutionClient client;

  Verbs(ExecutionClient client) {
    this.client = client;
  }

  /** Perform a verb. */
  Object perform(String verb, Arguments with) {
    String id = with.text("id");
    return switch (verb) {
      case "create" -> execution(client.create(Made.creation(with), with.deadline()));
      case "get" -> execution(client.get(id, view(with), with.deadline()));
      case "get_by_idempotency_key" ->
          execution(client.getByIdempotencyKey(with.text("idempotency_key"), view(with), with.deadline()));
      case "wait" -> execution(client.waitFor(id, with.span("timeout_ms"), view(with)));
      case "list" -> Answers.executions(client.list(filter(with), listOptions(with)).toList());
      case "list_page" -> page(client.listPage(filter(with), with.text("page_token"), listOptions(with)));
      case "count" -> count(client.count(filter(with), with.deadline()));
      case "update" -> execution(client.update(id, update(with), changeOptions(with)));
      case "delete" -> delete(with);
      case "retry" -> execution(client.retry(id, additional(with), changeOptions(with)));
      case "cancel" ->
          execution(client.cancel(id, with.text("reason"), with.span("grace_period_ms"), changeOptions(with)));
      case "batch_create" -> outcomes(client.batchCreate(with.parts("requests").stream().map(Made::creation).toList()));
      case "batch_get" -> outcomes(client.batchGet(with.texts("ids"), view(with), with.deadline()));
      case "server_info" -> Answers.server(client.serverInfo(with.deadline()));
      default -> performWork(verb, id, with);
    };
  }

  /** Perform a verb of those who do the work. */
  private Object performWork(String verb, String id, Arguments with) {
    return switch (verb) {
      case "start" -> execution(client.start(id, changeOptions(with)));
      case "complete" -> execution(client.complete(id, with.json("result"), report(with), attemptOptions(with)));
      case "fail" -> execution(client.fail(id, Made.error(with.part("error")), report(with), attemptOptions(with)));
      case "time_out" -> execution(client.timeOut(id, attemptOptions(with)));
      case "update_progress" -> execution(client.updateProgress(id, Made.progress(with), attemptOptions(with)));
      case "save_checkpoints" -> execution(client.saveCheckpoints(id, report(with), attemptOptions(with)));
      case "claim" ->
          Answers.executions(client.claim(with.text("worker_id"), with.texts("types"), claimOptions(with)));
      case "heartbeat" -> heartbeat(with);
      case "release" -> execution(client.release(id, with.span("delay_ms"), attemptOptions(with)));
      default -> throw new IllegalStateException("The driver does not know " + verb + ".");
    };
  }

  static Filter filter(Arguments with) {
    Filter filter = Filter.all().types(with.texts("types"));
    filter.statuses(with.texts("statuses").stream().map(Verbs::status).toList());
    with.with("parent_id", with::text, filter::parentId);
    with.with("created_from_ms", with::moment, filter::createdFrom);
    with.with("created_before_ms", with::moment, filter::createdBefore);
    return filter;
  }

  static View view(Arguments with) {
    return with.has("view") ? View.valueOf(with.text("view").toUpperCase(Locale.ROOT)) : null;
  }

  private static ExecutionStatus status(String word) {
    return ExecutionStatus.named(word.toUpperCase(Locale.ROOT));
  }

  private static ListOptions listOptions(Arguments with) {
    ListOptions options =
        new ListOptions().oldestFirst(with.yes("oldest_first")).view(view(with)).deadline(with.deadline());
    with.with("page_size", with::count, options::pageSize);
    return options;
  }

  private static ChangeOptions changeOptions(Arguments with) {
    return filled(new ChangeOptions(), with);
  }

  private static AttemptOptions attemptOptions(Arguments with) {
    AttemptOptions options = filled(new AttemptOptions(), with);
    with.with("attempt", with::count, options::attempt);
    return options;
  }

  private static <O extends ChangeOptions> O filled(O options, Arguments with) {
    options.deadline(with.deadline());
    with.with("expected_revision", with::integer, options::expectedRevision);
    with.with("request_id", with::text, options::requestId);
    return options;
  }

  private static Report report(Arguments with) {
    Report report = new Report();
    with.with("checkpoints", with::values, report::checkpoints);
    with.with("progress", with::part, progress -> report.progress(Made.progress(progress)));
    return report;
  }

  private static Update update(Arguments with) {
    Update update = new Update();
    with.with("metadata", with::values, update::metadata);
    with.with("labels", with::labels, update::labels);
    with.with("max_attempts", with::count, update::maxAttempts);
    with.with("timeout_ms", with::span, update::timeout);
    with.with("total_timeout_ms", with::span, update::totalTimeout);
    with.with("retry_policy", with::part, policy -> update.retryPolicy(policy == null ? null : Made.policy(policy)));
    return update;
  }

  private static ClaimOptions claimOptions(Arguments with) {
    ClaimOptions options = new ClaimOptions();
    with.with("max_executions", with::count, options::maxExecutions);
    with.with("lease_duration_ms", with::span, options::leaseDuration);
    with.with("wait_ms", with::span, options::waitFor);
    return options;
  }

  private static int additional(Arguments with) {
    return with.has("additional_attempts") ? with.count("additional_attempts") : 0;
  }

  private Object delete(Arguments with) {
    client.delete(with.text("id"), with.yes("force"), changeOptions(with));
    return null;
  }

  private Object heartbeat(Arguments with) {
    Map<String, Integer> held = new LinkedHashMap<>();
    with.parts("held").forEach(one -> held.put(one.text("id"), one.count("attempt")));
    return object("directives", client.heartbeat(held, with.deadline()).stream().map(Answers::directive).toList());
  }

  private static Object page(Page page) {
    Map<String, Object> answer = Answers.executions(page.executions());
    answer.put("next_page_token", page.nextPageToken());
    return answer;
  }

  private static Object count(Count count) {
    Map<String, Object> byStatus = new LinkedHashMap<>();
    count.byStatus().forEach((status, number) -> byStatus.put(Answers.word(status), number));
    return object("total", count.total(), "by_status", byStatus);
  }

  private static Object outcomes(List<? extends Outcome<?>> all) {
    return object("results", all.stream().map(Answers::outcome).toList());
  }
}
