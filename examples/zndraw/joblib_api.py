"""Connects ZnDraw's JobManager to a joblib server."""

import httpx

ERRORS = {401: PermissionError, 403: PermissionError, 404: KeyError, 409: ValueError, 422: ValueError}


class JoblibApi:
    """Sends the requests of a JobManager to joblib (ZnDraw's ApiManager protocol).

    `claim_wait` is the duration of the long poll of each claim, in seconds. It must be less than 10, because
    JobManager.disconnect() waits 10 seconds for the claiming thread.
    """

    def __init__(self, url: str, token: str | None = None, claim_wait: int = 5) -> None:
        self.base_url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._claim_wait = claim_wait
        self.http = httpx.Client(timeout=30, event_hooks={"request": [self._wait_for_tasks]})

    def get_headers(self) -> dict[str, str]:
        return dict(self._headers)

    def raise_for_status(self, response: httpx.Response) -> None:
        """Raises the exception that a JobManager expects, with the details of joblib's problem document."""
        if response.is_success:
            return
        if "application/problem+json" not in response.headers.get("content-type", ""):
            response.raise_for_status()
        problem = response.json()
        details = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
        raise ERRORS.get(response.status_code, RuntimeError)("; ".join([problem["detail"], *details]))

    def _wait_for_tasks(self, request: httpx.Request) -> None:
        if self._claim_wait > 0 and request.url.path.endswith("/tasks/claim"):
            request.headers["Prefer"] = f"wait={self._claim_wait}"
