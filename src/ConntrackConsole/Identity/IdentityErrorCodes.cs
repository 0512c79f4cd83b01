using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Identity;

/// <summary>Codes of responses to requests without a valid session or sufficient rights.</summary>
[ReasonCodes("Sign-in")]
internal static class IdentityErrorCodes
{
    [Description("The request has no session (401).")]
    public const string SignInRequired = "auth.sign_in_required";

    [Description("The console does not know the session (401).")]
    public const string SessionUnknown = "auth.session_unknown";

    [Description("The session was ended by its user or an admin (401).")]
    public const string SessionEnded = "auth.session_ended";

    [Description("The session has expired (401).")]
    public const string SessionExpired = "auth.session_expired";

    [Description("The configuration no longer has a sign-in link for the user of the session (401).")]
    public const string LinkRemoved = "auth.link_removed";

    [Description("The session is valid, but its role does not allow the request (403).")]
    public const string Forbidden = "auth.forbidden";

    [Description("The sign-in link is not valid (403).")]
    public const string LinkInvalid = "auth.link_invalid";

    [Description("The sign-in link was already used (403).")]
    public const string LinkUsed = "auth.link_used";

    [Description("sign-in-link: no console has run with this data directory.")]
    public const string ConsoleMissing = "auth.console_missing";

    [Description("sign-in-link: the console has no link for this person, or for more than one and none was named.")]
    public const string PersonUnknown = "auth.person_unknown";

    [Description("sign-in-link: the link cannot be handed over, because the data directory cannot be written.")]
    public const string LinkNotIssued = "auth.link_not_issued";

    [Description("The session of another user cannot be ended without a reason.")]
    public const string ReasonRequired = "auth.reason_required";

    [Description("The sign-out form is not from a current page of this console (400).")]
    public const string InvalidForm = "auth.invalid_form";

    [Description("The provider's name of the person cannot be shown in the audit log, or is the console's own (403).")]
    public const string NameInvalid = "auth.name_invalid";

    [Description("The person is known, but neither the configuration nor the cluster gives them a role (403).")]
    public const string NoRole = "auth.no_role";

    [Description("It is not known whether the person has a role, because the cluster does not answer (503).")]
    public const string RightsUnknown = "auth.rights_unknown";

    [Description("The cluster's API server does not accept the token (401).")]
    public const string TokenRefused = "auth.token_refused";

    [Description("The console does not know the token (401).")]
    public const string TokenUnknown = "auth.token_unknown";

    [Description("The token was revoked or has expired (401).")]
    public const string TokenEnded = "auth.token_ended";

    [Description("Name, role or lifetime of a new token is not valid.")]
    public const string TokenInvalid = "auth.token_invalid";

    [Description("The OpenID Connect provider refused the sign-in, or its answer is not valid (403).")]
    public const string ProviderRefused = "auth.provider_refused";

    [Description("The OpenID Connect provider does not answer (503).")]
    public const string ProviderUnavailable = "auth.provider_unavailable";

    [Description("Too many failed sign-ins from this address (429).")]
    public const string TooManyAttempts = "auth.too_many_attempts";
}
