namespace Fabric.Vmm;

/// <summary>A machine cannot be built, booted or moved to another state. The message is one line for the operator: which machine, what
/// is wrong, what to do.</summary>
public sealed class MachineException : Exception
{
    /// <summary>An error about one machine.</summary>
    /// <param name="machine">Name of the machine.</param>
    /// <param name="message">What is wrong and what to do, without the machine's name.</param>
    /// <param name="inner">The cause, if another exception.</param>
    public MachineException(string machine, string message, Exception? inner = null)
        : base($"machine '{machine}': {message}", inner)
    {
        Machine = machine;
        Reason = message;
    }

    /// <summary>Name of the machine.</summary>
    public string Machine { get; }

    /// <summary>The message without the machine's name.</summary>
    public string Reason { get; }
}
