
using ConntrackConsole.Lab.Cli;

var result = LabCommand.Create().Parse(args);
// The parser's own response to an invalid command line is the help page; one sentence is enough.
return result.Errors.Count > 0
    ? Usage.Error($"{result.Errors[0].Message} See --help.")
    : await result.InvokeAsync();
