//! Reads addresses between two ends, character by character.
//!
//! What is still unread is guessed (how many digits a group has, how many groups `::` stands for), so
//! that the digits can be compared with both ends as they come.

/// Reads texts whose digits lie between two ends, ends included.
pub(crate) struct Reader {
    low: Vec<u8>,
    high: Vec<u8>,
}

/// Where the reading may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    family: Family,
    /// Hexadecimal digits known so far, of the whole address.
    done: usize,
    at: Ends,
    step: Step,
    /// `::` was read or is not to come any more.
    elided: bool,
    /// The first digits are those of an IPv4 address mapped into IPv6.
    mapped: bool,
}

/// Which ends the digits so far equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ends {
    low: bool,
    high: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
    /// IPv4 mapped into IPv6: only the last eight digits count.
    Mapped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// In a decimal group: its value and how many digits were read.
    Octet(u16, u8),
    /// A group is to begin.
    Group,
    /// So many digits of the group are still to come.
    Digits(u8),
    /// A group has ended, or the text may.
    Ended,
    /// The first colon of `::` was read; so many groups are left out.
    Colon(u8),
    /// `::` was read.
    Gap,
}

const V6_DIGITS: usize = 32;
const MAPPED: &[u8] = b"00000000000000000000FFFF";

impl Reader {
    pub(crate) fn new(low: &str, high: &str) -> Self {
        Self { low: low.as_bytes().to_vec(), high: high.as_bytes().to_vec() }
    }

    /// Returns where reading begins.
    pub(crate) fn start() -> Vec<Place> {
        let place = |family, step| Place {
            family,
            done: 0,
            at: Ends { low: true, high: true },
            step,
            elided: false,
            mapped: true,
        };
        let mut places = vec![place(Family::V4, Step::Octet(0, 0))];
        for family in [Family::V6, Family::Mapped] {
            places.push(place(family, Step::Group));
            places.extend((1..=8).map(|groups| place(family, Step::Colon(groups))).map(|mut place| {
                // The text may begin with `::`: the first colon is still to be read.
                place.elided = false;
                place.done = V6_DIGITS + 1;
                place
            }));
        }
        places.sort();
        places
    }

    /// Returns the place after one more digit of the address, unless it leaves the range.
    fn digit(&self, mut place: Place, digit: u8) -> Option<Place> {
        let index = place.done;
        place.done += 1;
        if place.family != Family::V4 && index < MAPPED.len() {
            place.mapped &= MAPPED.get(index) == Some(&digit);
            if place.family == Family::Mapped {
                return place.mapped.then_some(place);
            }
        }
        let index = if place.family == Family::Mapped { index - MAPPED.len() } else { index };
        if place.at.low {
            match self.low.get(index) {
                Some(low) if digit < *low => return None,
                Some(low) => place.at.low = digit == *low,
                None => place.at.low = false,
            }
        }
        if place.at.high {
            match self.high.get(index) {
                Some(high) if digit > *high => return None,
                Some(high) => place.at.high = digit == *high,
                None => return None,
            }
        }
        Some(place)
    }

    fn zeros(&self, place: Place, count: usize) -> Option<Place> {
        (0..count).try_fold(place, |place, _| self.digit(place, b'0'))
    }

    fn octet(&self, place: Place, value: u16) -> Option<Place> {
        format!("{value:02X}").bytes().try_fold(place, |place, digit| self.digit(place, digit))
    }

    pub(crate) fn next(&self, places: &[Place], character: char) -> Vec<Place> {
        let mut reached: Vec<Place> = Vec::new();
        for place in places {
            match place.family {
                Family::V4 => reached.extend(self.next_v4(*place, character)),
                Family::V6 | Family::Mapped => self.next_v6(*place, character, &mut reached),
            }
        }
        reached.sort();
        reached.dedup();
        reached
    }

    fn next_v4(&self, place: Place, character: char) -> Option<Place> {
        let Step::Octet(value, read) = place.step else { return None };
        if character == '.' {
            let place = (read > 0 && place.done < 6).then_some(place)?;
            return self.octet(place, value).map(|place| Place { step: Step::Octet(0, 0), ..place });
        }
        let value = value * 10 + u16::try_from(character.to_digit(10)?).ok()?;
        (read < 3 && value < 256).then_some(Place { step: Step::Octet(value, read + 1), ..place })
    }

    fn next_v6(&self, place: Place, character: char, reached: &mut Vec<Place>) {
        match (place.step, character) {
            (Step::Colon(groups), ':') if place.done > V6_DIGITS => {
                reached.push(Place { step: Step::Colon(groups), done: 0, ..place });
            }
            (Step::Colon(groups), ':') => {
                reached.extend(self.zeros(place, usize::from(groups) * 4).map(|place| Place {
                    step: Step::Gap,
                    elided: true,
                    ..place
                }));
            }
            (Step::Ended, ':') => {
                if place.done < V6_DIGITS {
                    reached.push(Place { step: Step::Group, ..place });
                }
                let left = (V6_DIGITS.saturating_sub(place.done)) / 4;
                if !place.elided {
                    let most = u8::try_from(left).unwrap_or(0);
                    reached.extend((1..=most).map(|groups| Place { step: Step::Colon(groups), ..place }));
                }
            }
            (Step::Group | Step::Gap, _) if place.done < V6_DIGITS && character.is_ascii_hexdigit() => {
                for length in 1..=4_u8 {
                    let padded = self.zeros(place, usize::from(4 - length));
                    reached.extend(padded.and_then(|place| self.hex(place, character, length)));
                }
            }
            (Step::Digits(left), _) if character.is_ascii_hexdigit() => {
                reached.extend(self.hex(place, character, left));
            }
            _ => {}
        }
    }

    fn hex(&self, place: Place, character: char, left: u8) -> Option<Place> {
        let digit = u8::try_from(character.to_ascii_uppercase()).ok()?;
        let place = self.digit(place, digit)?;
        Some(Place { step: if left > 1 { Step::Digits(left - 1) } else { Step::Ended }, ..place })
    }

    pub(crate) fn accepts(&self, places: &[Place]) -> bool {
        places.iter().any(|place| {
            let whole = match (place.family, place.step) {
                (Family::V4, Step::Octet(value, read)) => {
                    if read == 0 || place.done != 6 {
                        return false;
                    }
                    let Some(place) = self.octet(*place, value) else { return false };
                    return !place.at.low || self.low.len() <= 8;
                }
                (Family::V6, Step::Ended | Step::Gap) => place.done == V6_DIGITS && !place.mapped,
                (Family::Mapped, Step::Ended | Step::Gap) => place.done == V6_DIGITS,
                _ => false,
            };
            let length = if place.family == Family::Mapped { 8 } else { V6_DIGITS };
            whole && (!place.at.low || self.low.len() <= length)
        })
    }
}
