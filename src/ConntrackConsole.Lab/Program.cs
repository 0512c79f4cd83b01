using System.CommandLine;
using ConntrackConsole.Lab.Cli;

var result = LabCommand.Parse(args, out string? error);
// The parser would print a page of help; one sentence is enough.
return error is not null ? Usage.Error(error + " See --help.") : await result.InvokeAsync(new InvocationConfiguration
{
    // After the default of 2 s the process would end in the middle of its removal, and a server in the middle of its drain.
    ProcessTerminationTimeout = TimeSpan.FromMinutes(2),
});
