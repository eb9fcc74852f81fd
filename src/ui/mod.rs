//! The screen: model, update, view.

pub mod theme;
