package dev.croco.execution.client.problems;

/** A field of the request is missing, malformed or outside its limits. */
public class InvalidField extends ExecutionProblem {
  public InvalidField(ProblemDetails details) {
    super(details);
  }

  /** The path of the field. */
  public String field() {
    return text("field");
  }
}
