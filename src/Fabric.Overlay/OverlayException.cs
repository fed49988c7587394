namespace Fabric.Overlay;

/// <summary>An operator asked an overlay for something it cannot do. The message says what, where, and what to do instead.</summary>
public sealed class OverlayException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="message">What, where, and what to do.</param>
    public OverlayException(string message)
        : base(message)
    {
    }
}
