"""Replaces ZnDraw's Socket.IO wrapper. A JobManager without a socket polls."""


class SyncClientWrapper:
    pass
