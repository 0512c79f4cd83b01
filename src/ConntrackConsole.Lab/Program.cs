using ConntrackConsole.Lab.Cli;

var result = LabCommand.Parse(args, out string? error);
// The parser would print a page of help; one sentence is enough.
return error is not null ? Usage.Error(error + " See --help.") : await result.InvokeAsync();
