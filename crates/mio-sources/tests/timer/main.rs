//! What a user of the timers relies on, shown by doing it.

mod wheel;
mod wheel_model;
