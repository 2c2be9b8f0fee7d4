-- As events: thirty parts of a size wait for a merge, so that a span is rewritten less often while many pour in.
ALTER TABLE otel_traces MODIFY SETTING merge_selector_base = 30
