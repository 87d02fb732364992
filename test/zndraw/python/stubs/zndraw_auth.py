"""Replaces the tables of ZnDraw's users, which the client imports but does not use."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
