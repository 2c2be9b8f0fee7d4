"""Files of events and spans: one module a format, all through the door that live traffic takes."""
