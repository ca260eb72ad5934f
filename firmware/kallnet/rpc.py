import time
from collections.abc import Callable, Sequence
from typing import Any

from kallnet.endpoint import Endpoint, EndpointFailed
from kallnet.errors import LedgerUnreachable


class JsonRpc:
    """JSON-RPC to the first endpoint that answers; the last good one is asked first.

    Believes what it is told: what must be proved is read by kallnet.ledger. `timeout` (seconds) bounds one
    endpoint's answer, so a call takes at most about twice that per endpoint.
    """

    def __init__(
        self, urls: Sequence[str], timeout: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not urls:
            raise ValueError("name at least one ledger endpoint")
        self.endpoints = [Endpoint(url, timeout, clock) for url in urls]
        self._chain_id: int | None = None

    def require_chain(self, chain_id: int) -> None:
        """From now on, endpoints of another chain count as away."""
        self._chain_id = chain_id

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """Raises LedgerUnreachable when no endpoint answers, LedgerRefused when one answers with an error."""
        causes: dict[str, str] = {}
        for endpoint in list(self.endpoints):
            try:
                result = endpoint.ask(method, params, chain_id=self._chain_id)
            except EndpointFailed as error:
                causes[endpoint.name] = str(error)
            else:
                self._prefer(endpoint)
                return result
        raise LedgerUnreachable(causes)

    def close(self) -> None:
        for endpoint in self.endpoints:
            endpoint.close()

    def _prefer(self, endpoint: Endpoint) -> None:
        if self.endpoints[0] is not endpoint:
            self.endpoints = [endpoint, *(e for e in self.endpoints if e is not endpoint)]
