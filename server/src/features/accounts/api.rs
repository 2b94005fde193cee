//! The methods of `AccountsService`.

use super::profile::{self, NameLimits, NotificationsChange, ProfileChange};
use super::{Accounts, devices, person, regions};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::id::{AccountId, DeviceId};
use crate::store::Tx;
use crate::time::{DAY, Time};
use teahouse_proto::AccountsApi;
use teahouse_proto::accounts::{
    ChangePasswordRequest, ChangePasswordResponse, Device, GetAccountRequest, GetAccountResponse,
    ListDevicesRequest, ListDevicesResponse, ListRegionsRequest, ListRegionsResponse, LoginRequest,
    LoginResponse, LogoutRequest, LogoutResponse, RecoverRequest, RecoverResponse, RegisterRequest,
    RegisterResponse, RenewRecoveryCodesRequest, RenewRecoveryCodesResponse, SignOutDeviceRequest,
    SignOutDeviceResponse, SignOutOtherDevicesRequest, SignOutOtherDevicesResponse,
    UpdateNotificationsRequest, UpdateNotificationsResponse, UpdateProfileRequest, UpdateProfileResponse,
    UpdateSettingsRequest, UpdateSettingsResponse,
};
use teahouse_proto::sync::devices_changed::Change;
use zeroize::Zeroizing;

impl AccountsApi<Cx, Error> for Accounts {
    async fn register(&self, cx: &Cx, request: RegisterRequest) -> Result<RegisterResponse> {
        self.make_account(cx, request).await
    }

    async fn login(&self, cx: &Cx, request: LoginRequest) -> Result<LoginResponse> {
        self.sign_in(cx, request).await
    }

    async fn recover(&self, cx: &Cx, request: RecoverRequest) -> Result<RecoverResponse> {
        self.recover_account(cx, request).await
    }

    async fn logout(&self, cx: &Cx, _: LogoutRequest) -> Result<LogoutResponse> {
        self.sign_out(cx, cx.device()?).await?;
        Ok(LogoutResponse {})
    }

    async fn get_account(&self, cx: &Cx, _: GetAccountRequest) -> Result<GetAccountResponse> {
        let id = cx.account()?;
        let account = profile::load_account(&self.foundation.store, id).await?;
        Ok(GetAccountResponse { account: Some(account), device_id: cx.device()?.0 })
    }

    async fn update_profile(&self, cx: &Cx, request: UpdateProfileRequest) -> Result<UpdateProfileResponse> {
        let (id, now, change) = (cx.account()?, cx.now, ProfileChange::new(&request)?);
        let limits = NameLimits {
            changes: self.config.display_name_changes_per_30_days,
            former_for: DAY * self.config.former_name_days,
        };
        let (avatars, hooks) = (self.avatars.clone(), self.hooks.clone());
        let update = move |tx: &mut Tx<'_>| {
            let before = person(tx, id)?.map(|person| (person.face(), person.gender));
            let person = profile::update_profile(tx, id, &change, limits, &*avatars, now)?;
            let (face, gender) = before.unzip();
            if face != Some(person.face()) {
                hooks.iter().try_for_each(|hook| hook.on_new_face(tx, id))?;
            }
            if gender != Some(person.gender) {
                hooks.iter().try_for_each(|hook| hook.on_new_gender(tx, id, person.gender))?;
            }
            Ok(person)
        };
        let person = self.foundation.store.transact(update).await?;
        Ok(UpdateProfileResponse { profile: Some(person.profile()) })
    }

    async fn list_regions(&self, cx: &Cx, request: ListRegionsRequest) -> Result<ListRegionsResponse> {
        regions::list(&self.foundation.seal, cx.account()?, request)
    }

    async fn update_settings(
        &self,
        cx: &Cx,
        request: UpdateSettingsRequest,
    ) -> Result<UpdateSettingsResponse> {
        let (id, now) = (cx.account()?, cx.now);
        let update = move |tx: &mut Tx<'_>| profile::update_settings(tx, id, &request, now);
        let person = self.foundation.store.transact(update).await?;
        Ok(UpdateSettingsResponse { settings: Some(person.settings()) })
    }

    async fn update_notifications(
        &self,
        cx: &Cx,
        request: UpdateNotificationsRequest,
    ) -> Result<UpdateNotificationsResponse> {
        let (id, now, change) = (cx.account()?, cx.now, NotificationsChange::new(request)?);
        let update = move |tx: &mut Tx<'_>| profile::update_notifications(tx, id, &change, now);
        let person = self.foundation.store.transact(update).await?;
        Ok(UpdateNotificationsResponse { notifications: Some(person.notifications) })
    }

    async fn list_devices(&self, cx: &Cx, _: ListDevicesRequest) -> Result<ListDevicesResponse> {
        let (account, own) = (cx.account()?, cx.device()?);
        let limits = self.device_limits();
        let stored = devices::load_all(&self.foundation.store, account).await?;
        let mut devices: Vec<Device> = stored
            .into_iter()
            .map(|d| (self.last_use(&d), d))
            .filter(|(last_use, _)| !limits.is_expired(*last_use, cx.now))
            .map(|(last_use, d)| Device {
                device_id: d.id.0,
                info: d.row.info,
                signed_in_at_ms: d.row.signed_in_at_ms,
                last_used_at_ms: last_use.to_hour().as_ms(),
                current: d.id == own,
            })
            .collect();
        devices.sort_unstable_by_key(|d| std::cmp::Reverse((d.last_used_at_ms, d.device_id)));
        Ok(ListDevicesResponse { devices })
    }

    async fn sign_out_device(&self, cx: &Cx, request: SignOutDeviceRequest) -> Result<SignOutDeviceResponse> {
        self.sign_out(cx, DeviceId(request.device_id)).await?;
        Ok(SignOutDeviceResponse {})
    }

    async fn sign_out_other_devices(
        &self,
        cx: &Cx,
        _: SignOutOtherDevicesRequest,
    ) -> Result<SignOutOtherDevicesResponse> {
        let (account, own, now) = (cx.account()?, cx.device()?, cx.now);
        let end = move |tx: &mut Tx<'_>| {
            let ended = devices::end_others(tx, account, Some(own))?;
            if ended > 0 {
                devices::tell(tx, account, Change::SignedOut, DeviceId(0), String::new(), now)?;
            }
            Ok(ended)
        };
        let ended = self.foundation.store.transact(end).await?;
        Ok(SignOutOtherDevicesResponse { signed_out: count(ended) })
    }

    async fn change_password(
        &self,
        cx: &Cx,
        mut request: ChangePasswordRequest,
    ) -> Result<ChangePasswordResponse> {
        let new = Zeroizing::new(std::mem::take(&mut request.new_password));
        let signed_out = self.set_password(cx.session()?, &new, cx.now).await?;
        Ok(ChangePasswordResponse { signed_out: count(signed_out) })
    }

    async fn renew_recovery_codes(
        &self,
        cx: &Cx,
        _: RenewRecoveryCodesRequest,
    ) -> Result<RenewRecoveryCodesResponse> {
        let codes = self.renew_codes(cx.account()?, cx.now).await?;
        Ok(RenewRecoveryCodesResponse { recovery_codes: codes.iter().map(|c| c.shown.to_string()).collect() })
    }
}

impl Accounts {
    async fn sign_out(&self, cx: &Cx, device: DeviceId) -> Result<()> {
        let (account, now) = (cx.account()?, cx.now);
        let end = move |tx: &mut Tx<'_>| {
            let Some(device) = devices::find(tx, account, device)? else {
                return Err(Error::not_found(
                    "DEVICE_NOT_FOUND",
                    "None of your devices has this id. ListDevices shows those that are signed in.",
                ));
            };
            devices::end(tx, account, std::slice::from_ref(&device))?;
            devices::tell(tx, account, Change::SignedOut, device.id, device.name(), now)
        };
        self.foundation.store.transact(end).await
    }

    /// When any device of an account was last used; the beginning of time where it has none.
    pub async fn last_seen(&self, account: AccountId) -> Result<Time> {
        let devices = devices::load_all(&self.foundation.store, account).await?;
        Ok(devices.iter().map(|device| self.last_use(device)).max().unwrap_or_default())
    }

    /// When a device was last used: what is in memory may be newer than what is stored.
    fn last_use(&self, device: &devices::Device) -> Time {
        let here = self.sessions.find(&device.token_hash).map_or(Time(0), |s| s.last_use());
        here.max(Time(device.row.last_used_at_ms))
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
