"""One room a question: frames and rules in, frames out."""
