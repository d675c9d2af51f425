package dev.croco.execution.driver;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import com.google.gson.reflect.TypeToken;
import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.ExecutionClient;
import dev.croco.execution.client.Tls;
import dev.croco.execution.client.WatchOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The driver of the Java client: performs the commands of tests/clients/scenario.md with its public interface. */
public final class Driver {
  private static final Gson JSON =
      new GsonBuilder()
          .serializeNulls()
          .disableHtmlEscaping()
          .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
          .create();

  private final String target;
  private final ClientOptions options;
  private final ExecutionClient client;
  private final Verbs verbs;
  private final Map<String, Listening> watches = new HashMap<>();
  private final Map<String, Begun> begun = new HashMap<>();
  private final Map<String, Working> workers = new HashMap<>();

  private Driver(String target, ClientOptions options) {
    this.target = target;
    this.options = options;
    this.client = new ExecutionClient(target, options);
    this.verbs = new Verbs(client);
  }

  /** Read, perform, answer. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Map<String, String> given = new HashMap<>();
    for (int at = 0; at + 1 < arguments.length; at += 2) {
      given.put(arguments[at], arguments[at + 1]);
    }
    ClientOptions options = ClientOptions.usual().withToken(given.get("--token"));
    if (given.containsKey("--ca")) {
      options = options.withTls(Tls.trusting(Files.readAllBytes(Path.of(given.get("--ca")))));
    }
    Driver driver = new Driver(given.get("--target"), options);
    try (driver.client) {
      driver.drive(System.in, System.out);
    }
  }

  private void drive(InputStream commands, PrintStream answers) throws IOException, InterruptedException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(commands, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(answers, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Arguments command = new Arguments(JSON.fromJson(line, new TypeToken<Map<String, Object>>() {}.getType()));
      out.println(JSON.toJson(answer(command)));
    }
  }

  private Map<String, Object> answer(Arguments command) throws InterruptedException {
    try {
      Arguments with = command.has("with") ? command.part("with") : new Arguments(Map.of());
      return Answers.object("n", command.integer("n"), "ok", perform(command.text("do"), with));
    } catch (RuntimeException thrown) {
      return Answers.object("n", command.integer("n"), "problem", Answers.problem(thrown));
    }
  }

  private Object perform(String command, Arguments with) throws InterruptedException {
    String as = with.text("as");
    switch (command) {
      case "watch" -> watches.put(as, new Listening(client.watch(with.text("id"), watchOptions(with))));
      case "watch_all" -> {
        boolean snapshot = !with.has("snapshot") || with.yes("snapshot");
        watches.put(as, new Listening(client.watchAll(Verbs.filter(with), snapshot)));
      }
      case "begin" -> begun.put(as, new Begun(() -> verbs.perform(with.text("do"), with.part("with"))));
      case "abandon" -> begun.remove(as).abandon();
      case "work" -> workers.put(as, new Working(target, options, with));
      default -> {
        return ask(command, as, with);
      }
    }
    return null;
  }

  /** Perform what is answered. */
  private Object ask(String command, String as, Arguments with) throws InterruptedException {
    return switch (command) {
      case "watched_until" -> watches.get(as).until(with);
      case "watched" -> watches.remove(as).toTheEnd();
      case "unwatch" -> {
        watches.get(as).close();
        yield watches.remove(as).toTheEnd();
      }
      case "finish" -> begun.remove(as).finish();
      case "bench" -> new Load(client, with).run(with.count("concurrency"));
      case "stop_work" -> workers.remove(as).stop();
      default -> verbs.perform(command, with);
    };
  }

  private static WatchOptions watchOptions(Arguments with) {
    WatchOptions options = new WatchOptions().follow(with.yes("follow")).view(Verbs.view(with));
    with.with("after_revision", with::integer, options::afterRevision);
    return options;
  }
}
