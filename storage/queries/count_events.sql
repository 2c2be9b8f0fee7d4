-- How many event rows the store holds, repeats included: sizes the filter at the door.
-- columns: events
SELECT count() AS events FROM events
