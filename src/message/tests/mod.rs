//! Whole messages, and what independent parsers make of them.
