//! What an account has done already: creations that must not happen twice ([`once`]) and allowances "a day" that no
//! restart, midnight or second device refills ([`quota`]). It does not know what it counts.

pub mod once;
pub mod quota;
