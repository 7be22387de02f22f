"""How far can an interim inspection of crime recording be trusted?

scenario -> world -> stream -> inspection -> estimation -> study -> report.
Each room's ``__init__`` says what the room is for.
"""

__version__ = "0.1.0"
