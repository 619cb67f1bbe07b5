"""What Streamlit components are made of: inline modules, and the bytes that Python sends them."""

from vae.page.scripts import IMPORT, UI, files, pack, source, styles, text

__all__ = ["IMPORT", "UI", "files", "pack", "source", "styles", "text"]
