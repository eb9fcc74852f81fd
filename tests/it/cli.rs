//! The commands that write tickets and look at what docket did, as users and scripts call them.

mod beginning;
mod diff;
mod docs;
mod evidence;
mod lint;
mod log;
mod order;
mod overview;
mod queue;
mod settings;
mod show;
mod terminal;
mod trouble;
