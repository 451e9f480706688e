"""The account's collections: their documents, and searches over them."""

from core.aivax.knowledge.client import Imported, KnowledgeClient, NewDocument, Put
from core.aivax.knowledge.forms import Answer, Collection, Document, Entry, Found, Hit, IndexProgress
from core.aivax.knowledge.search_body import RERANKERS, Reranker, Search, search_body

__all__ = [
    "RERANKERS",
    "Answer",
    "Collection",
    "Document",
    "Entry",
    "Found",
    "Hit",
    "Imported",
    "IndexProgress",
    "KnowledgeClient",
    "NewDocument",
    "Put",
    "Reranker",
    "Search",
    "search_body",
]
