package dev.croco.execution.client;

/**
 * What a watch tells.
 *
 * @param revision the cursor: a watch after this revision goes on from here
 * @param change for STATUS_CHANGED only, else null
 * @param execution the execution as of the revision; null where a later message of the same watch has already overtaken
 *     it, and for BOOKMARK, DELETED and MISSING
 */
public record WatchMessage(String id, long revision, WatchEvent event, HistoryEntry change, Execution execution) {}
