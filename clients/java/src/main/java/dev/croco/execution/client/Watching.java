package dev.croco.execution.client;

import java.util.List;

/**
 * What a watch remembers, so that a broken stream can be asked for again without a gap and without a repeat. (A stream
 * is cut more often than one may think: by servers that drain or bound the age of a connection, by proxies, by
 * networks.)
 */
interface Watching<Q, M> {
  /** Answer what to ask for next. */
  Q request();

  /** Take note of a message and answer what is to be told of it. */
  List<WatchMessage> take(M message);

  /** Whether a stream that ended with OK is the end of the watch. */
  boolean ended();
}
