"""Every call to the cluster: with a timeout, an answer that is whole or none, and errors in our own words."""

from __future__ import annotations

import base64
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from opensearchpy import OpenSearch, Urllib3HttpConnection
from opensearchpy import exceptions as theirs
from urllib3 import Timeout

from indexer.engines.opensearch_engine._address import Address
from indexer.errors import EngineUnavailable, QueryError

log = logging.getLogger(__name__)

Json = dict[str, Any]

SEARCH_SECONDS = 10.0  # for one answer; a page that takes longer is of no use to anybody
CONNECT_SECONDS = 2.0  # for a node to take a connection; one whose machine is gone refuses none, it is only silent
SERVER_SECONDS = "8s"  # after which the nodes themselves give a search up
WRITE_SECONDS = 120.0  # for bulk requests, refreshes and what else only builds wait for
PATIENCE_SECONDS = 2.0  # a search that failed because a shard moves is asked again for as long as this
PAGE = 200  # hits fetched at a time when all are wanted
PAUSE_SECONDS = 0.1
CONNECTIONS = 16  # to each node and process; a process of the server has eight threads
_REFUSED = ("too_many_clauses", "too_many_nested_clauses", "query_shard_exception", "parsing_exception")

_ACTION = re.compile(r"no permissions for \[([a-z:/_*]+)")


class Vanished(Exception):
    """An index or document that is not there (any more); never leaves this package."""


class Conflict(Exception):
    """Something is there already, or was changed by somebody else; never leaves this package."""


class Cluster:
    """The nodes of one address; share one among threads. A forked process gets connections of its own.

    ``calls`` is the number of round trips so far, for tests and benchmarks.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.calls = 0
        self._client: OpenSearch | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def client(self) -> OpenSearch:
        """The official client, made at the first call in each process."""
        if self._client is None or self._owner != os.getpid():
            with self._lock:
                if self._client is None or self._owner != os.getpid():
                    self._client, self._owner = _connect(self.address), os.getpid()
        return self._client

    def call(self, work: Callable[[OpenSearch], Any]) -> Any:
        """Do something with the client.

        Raises:
            Vanished: If what it names is not there.
            Conflict: If what it would make is there, or was changed meanwhile.
            EngineUnavailable: If no node answers in time, or the cluster cannot do it now.
            QueryError: If the cluster refuses a query for its size.
        """
        self.calls += 1
        try:
            return work(self.client())
        except theirs.NotFoundError as error:
            raise Vanished(str(error.error)) from error
        except theirs.ConflictError as error:
            raise Conflict(str(error.error)) from error
        except theirs.OpenSearchException as error:
            if getattr(error, "error", "") == "resource_already_exists_exception":
                raise Conflict(str(error)) from error
            raise self._in_our_words(error) from error

    def search(self, index: str, body: Json) -> Json:
        """One search over all shards, or an error: what only some shards say is no answer."""
        return self.searches([(index, body)])[0]

    def every(self, index: str, query: Json, **wanted: Any) -> Iterator[Json]:
        """All hits of a query by id, some at a time; ``wanted`` says what of them."""
        body: Json = {
            "query": query,
            "size": PAGE,
            "sort": [{"id": "asc"}],
            "_source": False,
            "track_total_hits": False,
            **wanted,
        }
        while True:
            hits = self.search(index, body)["hits"]["hits"]
            yield from hits
            if len(hits) < PAGE:
                return
            body["search_after"] = hits[-1]["sort"]

    def searches(self, asked: list[tuple[str, Json]]) -> list[Json]:
        """Several searches, each of an index, in one round trip; each whole."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._searches(asked)
            except EngineUnavailable:
                if time.monotonic() + PAUSE_SECONDS > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)

    def _searches(self, asked: list[tuple[str, Json]]) -> list[Json]:
        limits = {"allow_partial_search_results": "false"}
        if len(asked) == 1:
            index, body = asked[0]
            whole = {"timeout": SERVER_SECONDS, **body}
            answers = [
                self.call(
                    lambda client: client.search(
                        index=index, body=whole, params=dict(limits), request_timeout=SEARCH_SECONDS
                    )
                )
            ]
        else:
            lines: list[Json] = []
            for index, body in asked:
                lines += [{"index": index, **limits}, {"timeout": SERVER_SECONDS, **body}]
            packed = b"".join(orjson.dumps(line) + b"\n" for line in lines)
            answers = self.call(lambda client: client.msearch(body=packed, request_timeout=SEARCH_SECONDS))["responses"]
        for answer in answers:
            self._whole(answer)
        return answers

    def _whole(self, answer: Json) -> None:
        if "error" in answer:
            kind = str(answer["error"].get("type", ""))
            if kind == "index_not_found_exception":
                raise Vanished(kind)
            raise self._words(int(answer.get("status", 500)), kind, str(answer["error"]))
        shards = answer["_shards"]
        if answer.get("timed_out") or shards["failed"] or shards["successful"] < shards["total"]:
            raise EngineUnavailable(
                self.address.shown,
                f"only {shards['successful']} of {shards['total']} parts of the index answered in time",
            )

    def _in_our_words(self, error: theirs.OpenSearchException) -> Exception:
        if isinstance(error, theirs.AuthenticationException):
            return EngineUnavailable(self.address.shown, "it refuses the credentials")
        if isinstance(error, theirs.AuthorizationException):
            found = _ACTION.search(str(error.info))
            return EngineUnavailable(self.address.shown, f"the user may not do this ({found[1] if found else '403'})")
        if isinstance(error, theirs.SSLError):
            return EngineUnavailable(self.address.shown, "its certificate is not trusted")
        if isinstance(error, theirs.ConnectionTimeout):
            return EngineUnavailable(self.address.shown, "no answer in time")
        if isinstance(error, theirs.ConnectionError):
            return EngineUnavailable(self.address.shown, "no node can be reached")
        if isinstance(error, theirs.TransportError):
            status = error.status_code if isinstance(error.status_code, int) else 500
            return self._words(status, str(error.error), str(error.info))
        return EngineUnavailable(self.address.shown, type(error).__name__)

    def _words(self, status: int, kind: str, detail: str) -> Exception:
        if status == 400 and any(each in detail for each in _REFUSED):
            return QueryError("The query has too many parts. Search for fewer words at once.")
        if status == 429:
            return EngineUnavailable(self.address.shown, "it is overloaded")
        if status in (500, 502, 503, 504):
            return EngineUnavailable(self.address.shown, f"a part of the index is not available ({kind})")
        return EngineUnavailable(self.address.shown, f"it answers {status} ({kind})")

    def fetch(self, index: str, keys: list[str], **params: Any) -> list[Json]:
        """Several documents by their keys; those that are not there are left out."""
        answer = self.call(
            lambda client: client.mget(body={"ids": keys}, index=index, params=params, request_timeout=WRITE_SECONDS)
        )
        return [each for each in answer["docs"] if each.get("found")]

    def bulk(self, lines: Iterable[bytes]) -> list[Json]:
        """Write several documents; one result for each, in order, errors among them."""
        body = b"".join(lines)
        answer = self.call(lambda client: client.bulk(body=body, request_timeout=WRITE_SECONDS))
        return [next(iter(item.values())) for item in answer["items"]]


class _Connection(Urllib3HttpConnection):
    """A connection that is given up quickly when nobody takes it, so that the next node is asked."""

    def perform_request(self, *arguments: Any, **options: Any) -> Any:
        """One request; ``timeout`` bounds the answer, not the connection."""
        options["timeout"] = Timeout(connect=CONNECT_SECONDS, read=options.get("timeout") or self.timeout)
        return super().perform_request(*arguments, **options)


def _connect(address: Address) -> OpenSearch:
    options: Json = {}
    if address.user:
        # Written here, since the client's own way takes no password beyond Latin-1.
        pair = base64.b64encode(f"{address.user}:{address.password}".encode()).decode("ascii")
        options["headers"] = {"authorization": f"Basic {pair}"}
        if not address.encrypted:
            log.warning("The password for %s goes unencrypted over the network.", address.shown)
    if address.encrypted:
        options |= {"use_ssl": True, "ssl_context": address.trust()}
    return OpenSearch(
        hosts=list(address.hosts),
        connection_class=_Connection,
        timeout=SEARCH_SECONDS,
        # The next node is asked when one does not answer at all; a call that takes too long is given up at once.
        max_retries=len(address.hosts),
        retry_on_timeout=False,
        retry_on_status=(502, 503),
        pool_maxsize=CONNECTIONS,
        http_compress=False,
        dead_timeout=5,  # seconds, doubled at most twice: a node that is back is asked again within 20
        timeout_cutoff=2,
        **options,
    )
