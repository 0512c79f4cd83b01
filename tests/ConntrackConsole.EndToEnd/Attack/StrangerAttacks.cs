using ConntrackConsole.Identity;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Users who are not or no longer signed in; foreign sites; users with read-only access.</summary>
internal static class StrangerAttacks
{
    private const string Path = "/api/v1/actions";
    private static readonly string Good = ActionBodies.Flush(AttackedConsole.Dead);

    public static readonly Attack[] All =
    [
        new("no cookie", 401, "auth.sign_in_required", c => c["stranger"].RequestFlushAsync()),
        new("a cookie that somebody made up", 401, "auth.sign_in_required", c => c["stranger"].RequestFlushAsync(("Cookie", c["olivia"].Cookie.Split('=')[0] + "=CfDJ8AAAAAAAAAAAAAAAAAAAAAAA"))),
        new("a real cookie with one letter changed", 401, "auth.sign_in_required", c => c["stranger"].RequestFlushAsync(("Cookie", OneLetterOff(c["olivia"].Cookie)))),
        new("a real cookie under another name", 401, "auth.sign_in_required", c => c["stranger"].RequestFlushAsync(("Cookie", "conntrack-console-00000000=" + c["olivia"].Cookie.Split('=', 2)[1]))),
        new("the collectors' token instead of a cookie", 401, "auth.token_unknown", c => c["stranger"].RequestFlushAsync(("Authorization", "Bearer " + ConsoleHost.Token))),
        new("a node's secret instead of a cookie", 401, "auth.token_unknown", c => c["stranger"].RequestFlushAsync(
            ("Authorization", "Bearer " + Wire.NodeSecret.Of(ConsoleHost.Token, "node1")), (Wire.NodeSecret.Header, "node1"))),
        new("an expired session", 401, "auth.session_expired", async c =>
        {
            await c.ChangeAsync(async db => (await db.Sessions.SingleAsync(s => s.Who == "expired")).UntilMs = 1);
            return await c["expired"].RequestFlushAsync();
        }),
        new("the cookie of somebody who signed out", 401, "auth.session_ended", async c =>
        {
            await c.SignOutAsync(c["left"]);
            return await c["left"].RequestFlushAsync();
        }),
        new("a confirmation without cookie", 401, "auth.sign_in_required", async c =>
        {
            var shown = (await c["olivia"].RequestAsync(Good)).Ok();
            return await c["stranger"].ConfirmAsync(shown);
        }),
        new("an approval without cookie", 401, "auth.sign_in_required", c => c["stranger"].DecideAsync("flush-1", "approve", new { digest = "" })),
        new("a cancellation without cookie", 401, "auth.sign_in_required", c => c["stranger"].DecideAsync("flush-1", "cancel", new { })),
        new("a revert without cookie", 401, "auth.sign_in_required", c => c["stranger"].DecideAsync("setting-1", "revert", new { })),

        new("another site's Origin", 403, "request.foreign_origin", c => c["olivia"].RequestFlushAsync(("Origin", "https://evil.example"))) { IsAudited = false },
        new("the Origin of a sandboxed frame", 403, "request.foreign_origin", c => c["olivia"].RequestFlushAsync(("Origin", "null"))) { IsAudited = false },
        new("an empty Origin", 403, "request.foreign_origin", c => c["olivia"].RequestFlushAsync(("Origin", ""))) { IsAudited = false },
        new("this host's Origin on another port", 403, "request.foreign_origin", c => c["olivia"].RequestFlushAsync(("Origin", "http://127.0.0.1:1"))) { IsAudited = false },
        new("this host's name as the beginning of another's", 403, "request.foreign_origin", c => c["olivia"].RequestFlushAsync(("Origin", c.Host.Url + ".evil.example"))) { IsAudited = false },
        new("two Origins, one of them ours", 403, "request.foreign_origin", c => c["olivia"].RequestFlushAsync(("Origin", c.Host.Url), ("Origin", "https://evil.example"))) { IsAudited = false },
        new("another site's Origin to a confirmation", 403, "request.foreign_origin", async c =>
        {
            var shown = (await c["olivia"].RequestAsync(Good)).Ok();
            return await c["olivia"].PostAsync($"{Path}/{shown.Id}/confirm", $$"""{"digest":"{{shown.Digest}}","reason":"x"}""", headers: ("Origin", "https://evil.example"));
        }) { IsAudited = false },
        new("a form of plain text", 415, "request.not_json", c => c["olivia"].PostAsync(Path, Good, "text/plain")),
        new("a form of a browser", 415, "request.not_json", c => c["olivia"].PostAsync(Path, Good, "application/x-www-form-urlencoded")),
        new("a form with files", 415, "request.not_json", c => c["olivia"].PostAsync(Path, Good, "multipart/form-data; boundary=x")),
        new("no Content-Type", 415, "request.not_json", c => c["olivia"].PostAsync(Path, System.Text.Encoding.UTF8.GetBytes(Good), null)),
        new("JSON only as a parameter of another type", 415, "request.not_json", c => c["olivia"].PostAsync(Path, Good, "text/plain; x=application/json")),
        new("a cancellation that a form sends", 415, "request.not_json", c => c["olivia"].PostAsync($"{Path}/flush-1/cancel", "", "text/plain")),
        new("the API's path in capitals, from another site", 403, "request.foreign_origin", c => c["olivia"].PostAsync("/API/V1/ACTIONS", Good, headers: ("Origin", "https://evil.example"))) { IsAudited = false },

        new("a viewer asks for a flush", 403, "action.role", c => c["vera"].RequestFlushAsync()),
        new("a viewer asks for a setting", 403, "action.role", c => c["vera"].RequestAsync(ActionBodies.Setting("nf_conntrack_acct", "1"))),
        new("a viewer asks with break-glass", 403, "action.role", c => c["vera"].RequestAsync(ActionBodies.Flush(AttackedConsole.Dead, ""","breakGlass":true"""))),
        new("a viewer confirms another's preview", 404, "action.not_found", async c => await c["vera"].ConfirmAsync((await c.Operator().RequestAsync(Good)).Ok())),
        new("an operator asks for break-glass", 403, "action.role_not_break_glass", c => c["oscar"].RequestAsync(ActionBodies.Flush(AttackedConsole.Dead, ""","breakGlass":true"""))),
        new("an approver asks for break-glass", 403, "action.role_not_break_glass", c => c["anna"].RequestAsync(ActionBodies.Flush(AttackedConsole.Dead, ""","breakGlass":true"""))),
        new("an admin asks for break-glass", 403, "action.role_not_break_glass", c => c["adam"].RequestAsync(ActionBodies.Flush(AttackedConsole.Dead, ""","breakGlass":true"""))),
        new("an operator asks for a setting with break-glass", 403, "action.role_not_break_glass", c => c["oscar"].RequestAsync(ActionBodies.Setting("nf_conntrack_acct", "1", ""","breakGlass":true"""))),
        new("a thirty-first preview in a minute", 409, "action.preview_rate_limited", async c =>
        {
            for (int asked = 0; asked < 30; asked++)
                await c["hasty"].RequestAsync(ActionBodies.Flush("10.1.0.0/24"));
            return await c["hasty"].RequestFlushAsync();
        }),
    ];

    private static Task<Answer> RequestFlushAsync(this Person person, params (string, string)[] headers) => person.PostAsync(Path, Good, headers: headers);

    private static string OneLetterOff(string cookie) => string.Concat(cookie.AsSpan(0, cookie.Length - 20), cookie[^20] == 'A' ? "B" : "A", cookie.AsSpan(cookie.Length - 19));
}
