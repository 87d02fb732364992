"""Stands in for the tables of ZnDraw's users, which the client imports and does not use."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
