package dev.croco.execution.client.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.croco.execution.client.worker.Pulse.Verdict;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PulseTest {
  private static final long BEAT = Duration.ofSeconds(1).toNanos();

  private final Pulse pulse = new Pulse(Duration.ofSeconds(Pulse.BEATS), 0);

  @Test
  void whoHearsNothingAsksThenReconnectsThenLoses() {
    assertEquals(Verdict.GO_ON, pulse.judge(BEAT));
    assertEquals(Verdict.ASK, pulse.judge(2 * BEAT));
    assertEquals(Verdict.GO_ON, pulse.judge(3 * BEAT));
    assertEquals(Verdict.RECONNECT, pulse.judge(4 * BEAT));
    pulse.reconnected();
    assertEquals(Verdict.ASK, pulse.judge(5 * BEAT));
    assertEquals(Verdict.GO_ON, pulse.judge(6 * BEAT));
    assertEquals(Verdict.RECONNECT, pulse.judge(7 * BEAT));
    assertEquals(Verdict.LOSE, pulse.judge(8 * BEAT));
  }

  @Test
  void whoHearsSomethingBeginsAnew() {
    pulse.judge(2 * BEAT);
    pulse.heard(3 * BEAT);
    assertEquals(Verdict.GO_ON, pulse.judge(4 * BEAT));
    assertEquals(Verdict.ASK, pulse.judge(5 * BEAT));
  }

  @Test
  void oneJudgementAloneLosesNothing() {
    assertEquals(Verdict.ASK, pulse.judge(100 * BEAT), "the process was stopped; the answer may wait to be read");
    pulse.heard(100 * BEAT);
    assertEquals(Verdict.GO_ON, pulse.judge(101 * BEAT));
  }
}
