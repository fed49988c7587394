namespace Fabric.Switch;

/// <summary>An operator asked a switch for something it cannot do. The message says what, where, and what to do instead.</summary>
public sealed class SwitchException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="message">What, where, and what to do.</param>
    public SwitchException(string message)
        : base(message)
    {
    }
}
