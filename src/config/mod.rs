//! Configuration: layers merged to one typed value, each with its origin; trust.
