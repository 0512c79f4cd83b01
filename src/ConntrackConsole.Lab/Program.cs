
using ConntrackConsole.Lab.Cli;

var result = LabCommand.Create().Parse(args);
// The parser's own answer to a wrong line is a page of help; one sentence is enough.
return result.Errors.Count > 0
    ? Usage.Error($"{result.Errors[0].Message} See --help.")
    : await result.InvokeAsync();
