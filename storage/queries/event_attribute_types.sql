-- The attributes of events that files declare to be of one type other than text; where they disagree it is text.
-- columns: event_type, name, value_type
SELECT event_type, name, any(value_type) AS value_type
FROM event_attribute_types
GROUP BY event_type, name
HAVING uniqExact(event_attribute_types.value_type) = 1
ORDER BY event_type, name
