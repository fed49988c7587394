namespace Fabric.Images;

/// <summary>A guest image could not be obtained or is damaged. The message is one line for the operator: what, where, what to do.</summary>
public sealed class ImageException : Exception
{
    /// <summary>An error about a guest image.</summary>
    /// <param name="message">What is wrong, where, and what to do.</param>
    /// <param name="inner">The cause, if another exception.</param>
    public ImageException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
