//! Strangers: who is around, who shakes at the same time, and greetings to them and from them. What the last look or shake
//! found is kept beside the sign-in, so that a stranger can be named by a number.

mod around;
mod chats;
mod found;
mod greetings;
mod shake;
mod words;

pub(super) use chats::Strangers;
pub(super) use found::meant as stranger;
pub(super) use greetings::greeting;
pub(super) use words::{about as about_stranger, distance, name as stranger_name, with_care};

use super::App;
use clap::{Args as ClapArgs, Subcommand};
use std::str::FromStr;
use teahouse_client::Result;
use teahouse_proto::common::Position;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look who is nearby. Whoever looks can be seen by others there. Without a place: show your switches, and what others
    /// see of you.
    Around(around::Around),
    /// Shake: meet who shakes in the same seconds, the nearest first. Anywhere in the world without a place.
    Shake(shake::Shake),
    /// List whom you looked at or shook with last, show one of them, or block one.
    Strangers(found::Strangers),
    /// Greet a stranger: whom you found by looking or shaking, or who is in a group with you.
    Greet {
        /// Number or name, as `teahouse strangers` shows it; with `--in`, as in the group.
        who: String,
        /// At most 50 characters, without links and numbers to be reached at.
        text: String,
        /// Somebody of this group.
        #[arg(long = "in", value_name = "GROUP")]
        group: Option<String>,
    },
    /// List the greetings that you got, answer them, accept them or put them away.
    Greetings(greetings::Greetings),
}

pub(super) async fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Around(args) => around::run(app, args).await,
        Command::Shake(args) => shake::run(app, args).await,
        Command::Strangers(args) => found::run(app, args).await,
        Command::Greet { who, text, group } => greetings::greet(app, &who, text, group.as_deref()).await,
        Command::Greetings(args) => greetings::run(app, args).await,
    }
}

/// Where the user is.
#[derive(Debug, ClapArgs)]
struct Whereabouts {
    /// Where you are, in degrees north and east, as `30.2431,120.1502`. Nobody is told it: to others it becomes an area of
    /// 500 m or 2 km.
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    at: Option<Degrees>,
    /// Within how many metres that is sure; above 2000 it is refused.
    #[arg(long, value_name = "METRES", default_value_t = 50, requires = "at")]
    accuracy: u32,
}

impl Whereabouts {
    fn position(&self) -> Option<Position> {
        let accuracy_m = self.accuracy;
        self.at.as_ref().map(|at| Position { latitude: at.north, longitude: at.east, accuracy_m })
    }
}

/// A point, as it is typed.
#[derive(Clone, Debug, PartialEq)]
struct Degrees {
    north: f64,
    east: f64,
}

impl FromStr for Degrees {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (north, east) = text.split_once(',').ok_or("write it as 30.2431,120.1502")?;
        let degrees = |text: &str, most: f64| {
            let degrees = text.trim().parse().ok().filter(|degrees: &f64| degrees.abs() <= most);
            degrees.ok_or_else(|| format!("{} is not within -{most} and {most} degrees", text.trim()))
        };
        Ok(Self { north: degrees(north, 90.0)?, east: degrees(east, 180.0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_typed_in_degrees() {
        assert_eq!("30.2431,120.1502".parse(), Ok(Degrees { north: 30.2431, east: 120.1502 }));
        assert_eq!("-33.9, -70".parse(), Ok(Degrees { north: -33.9, east: -70.0 }));
        for wrong in ["", "30", "91,0", "0,180.5", "NaN,0", "inf,0", "a,b", "1,2,3"] {
            assert!(wrong.parse::<Degrees>().is_err(), "{wrong}");
        }
    }
}
