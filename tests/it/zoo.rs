//! The whole program on repositories as people have them. Whatever their shape: the work of two tickets comes together, `merge`
//! brings it over, `rewind` brings it back, `gc` clears away, and nothing of the user's is touched on the way.

mod checkouts;
mod conflicts;
mod filters;
mod hooks;
mod leftovers;
mod scene;
mod settings;
mod shapes;
mod submodules;
