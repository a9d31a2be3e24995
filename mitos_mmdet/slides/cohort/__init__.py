"""Many slides: which are left to do, who does them, and what came of all."""
