"""The store: ClickHouse, embedded or a server, and every statement Milepost sends to it."""
