namespace SyncHub.Interop.Client;

/// <summary>Watches the message flags of the last response.</summary>
internal sealed class FlagHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>The flags of the messages of the last response.</summary>
    public FrameFlags? Last { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        Last = new FrameFlags(body);
        var content = new StreamContent(Last);
        foreach (var (name, values) in response.Content.Headers.NonValidated)
        {
            content.Headers.TryAddWithoutValidation(name, values);
        }

        response.Content = content;
        return response;
    }
}
