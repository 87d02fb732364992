"""Stands in for ZnDraw's Socket.IO wrapper: without a socket, a JobManager polls."""


class SyncClientWrapper:
    pass
