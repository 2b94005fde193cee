//! Strangers: who is around. What the last look found is kept beside the sign-in.

mod around;
mod found;
mod words;

pub(super) use words::with_care;

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
    /// List whom you looked at last.
    Strangers,
}

pub(super) async fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Around(args) => around::run(app, args).await,
        Command::Strangers => found::list(app),
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
