return await ConntrackConsole.ConsoleApplication.RunAsync(args);
