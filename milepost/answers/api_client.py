"""Asks the running Milepost that holds the store, over its API."""

from typing import Any

import httpx

from domain.errors import StoreError, StoreUnreachable, UsageError
from milepost.answers.answer import Answer

_API_TIMEOUT_SECONDS = 300.0


class ApiClient:
    """One connection to a running Milepost."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        # A proxy of the environment knows no way to this machine's loopback.
        self._client = httpx.Client(base_url=url, timeout=_API_TIMEOUT_SECONDS, trust_env=False, headers=headers)
        self._url = url

    def rows(self, method: str, path: str, **how: Any) -> list[Answer]:
        rows: list[Answer] = self.ask(method, path, **how)
        return rows

    def ask(self, method: str, path: str, **how: Any) -> Any:
        response = self.send(method, path, **how)
        answer = self._read(response)
        if response.status_code == 503:
            raise StoreUnreachable(answer.get("reason", f"{path} answered 503"))
        if response.status_code != 200:
            raise UsageError(answer.get("reason", f"{path} answered {response.status_code}"))
        return answer

    def _read(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise StoreError(f"{response.url} answered {response.status_code}, and not as a Milepost does") from None

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **how)
        except httpx.HTTPError as error:
            raise StoreUnreachable(f"the running Milepost at {self._url} does not answer: {error}") from None

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()
