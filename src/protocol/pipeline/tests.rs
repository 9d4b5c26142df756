//! What leaves together, and what follows from replies.
