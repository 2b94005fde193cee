//! People: an account with its first device, whose verbs are theirs. It knows how one signs in, nothing else.

use crate::device::Device;
use crate::world::Shared;
use std::ops::Deref;
use std::sync::Arc;
use teahouse_proto::accounts::{DeviceInfo, LoginRequest, RegisterRequest};
use teahouse_proto::common::Platform;

/// Somebody with an account.
#[derive(Clone)]
pub struct Person {
    /// Display name, as in the story.
    pub name: String,
    /// To find them by.
    pub username: String,
    /// To sign in with.
    pub password: String,
    /// Notes to self.
    pub self_conversation: u64,
    /// As registration gave them.
    pub recovery_codes: Vec<String>,
    /// The device they registered with.
    pub device: Device,
}

impl Deref for Person {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

impl Person {
    pub(crate) async fn register(shared: &Arc<Shared>, name: &str) -> Self {
        let request = registration(name);
        let (username, password) = (request.username.clone(), request.password.clone());
        let device = Device::signed_out(shared, name);
        let answer = device.accounts().register(request).await;
        let answer = answer.unwrap_or_else(|e| panic!("{name} cannot register: {e:?}"));
        let account = answer.account.expect("an account was made");
        shared.meet(account.account_id, name);
        Self {
            name: name.to_owned(),
            username,
            password,
            self_conversation: account.self_conversation_id,
            recovery_codes: answer.recovery_codes,
            device: device.signed_in(account.account_id, answer.device_id, &answer.token),
        }
    }

    /// Signs in on a further device.
    ///
    /// # Panics
    /// Where that is refused.
    pub async fn sign_in(&self, device: &str) -> Device {
        let signed_out = Device::signed_out(self.shared(), &format!("{}'s {device}", self.name));
        let login = signed_out.accounts().login(self.login(device)).await;
        let login = login.unwrap_or_else(|e| panic!("{} cannot sign in: {e:?}", self.name));
        signed_out.signed_in(self.account_id, login.device_id, &login.token)
    }

    /// The request that signs a device of theirs in.
    pub fn login(&self, device: &str) -> LoginRequest {
        LoginRequest {
            username: self.username.clone(),
            password: self.password.clone(),
            device: Some(device_info(device)),
        }
    }
}

/// The request that makes somebody's account.
pub fn registration(name: &str) -> RegisterRequest {
    RegisterRequest {
        username: format!("{name}-tea"),
        password: format!("{name} likes oolong"),
        display_name: name.to_owned(),
        device: Some(device_info("desk")),
        ..RegisterRequest::default()
    }
}

/// What a device says of itself.
pub fn device_info(name: &str) -> DeviceInfo {
    DeviceInfo { name: name.to_owned(), platform: Platform::Desktop.into() }
}
