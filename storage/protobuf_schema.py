"""How ClickHouse is told what the protobuf bodies of an insert are."""

from pathlib import Path

from storage.client import Store


class ProtobufSchema:
    """A .proto file beside this one, and the message in it that a body is."""

    def __init__(self, file: str, message: str) -> None:
        path = Path(__file__).parent / file
        self._message = message
        # The embedded engine reads the file: from a text it would write one into the working directory at every
        # insert, and fail where it may not. A server does not have the file and keeps the text in a folder of its own.
        self._embedded = self._settings("file", str(path))
        self._server = self._settings("string", path.read_text(encoding="utf-8"))

    def settings(self, store: Store) -> dict[str, str]:
        """The settings of an insert into that store."""
        return self._embedded if store.is_embedded else self._server

    def _settings(self, source: str, schema: str) -> dict[str, str]:
        return {
            "format_schema_source": source,
            "format_schema": schema,
            "format_schema_message_name": self._message,
        }
